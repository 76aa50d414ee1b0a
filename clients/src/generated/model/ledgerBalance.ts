/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Money } from './money';

/**
 * The balance of a ledger account in one currency.
 */
export type LedgerBalance = {
  /** `psp_clearing`, `platform_fee`, `seller_payable:<seller>`, `connect:<seller>`, `seller_receivable:<seller>`, `dispute_loss`. */
  account: string;
  balance: Money;
};
