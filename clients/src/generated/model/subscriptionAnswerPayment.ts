/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { PaymentView } from './paymentView';

/**
 * @nullable
 */
export type SubscriptionAnswerPayment = PaymentView | null;
