/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Money } from './money';

/**
 * A seller's balance: one entry per currency in each list. Nothing is below 0: debts stand in `owed`.
 */
export type SellerBalance = {
  /** Earned, releasable now, not yet transferred, less debts. */
  available: Money[];
  /** Earned but held: the account is not ready, card money is not available yet, or a dispute is open. */
  pending: Money[];
  /** Debts: refunded after it was transferred. */
  owed: Money[];
};
