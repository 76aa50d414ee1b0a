/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { LedgerBalance } from './ledgerBalance';

/**
 * The balances of all accounts of the ledger; they sum to 0 per currency.
 */
export type LedgerBalances = {
  /** By account and currency. */
  items: LedgerBalance[];
};
