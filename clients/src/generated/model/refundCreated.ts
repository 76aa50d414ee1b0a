/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { RefundView } from './refundView';

/**
 * A refund that was asked for.
 */
export type RefundCreated = {
  refund: RefundView;
  /** The same for a person. */
  message: string;
};
