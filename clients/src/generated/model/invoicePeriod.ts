/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { PeriodView } from './periodView';

/**
 * @nullable
 */
export type InvoicePeriod = PeriodView | null;
