/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * Where a seller stands at the payout provider.
 */
export type OnboardingView = {
  /** The account's id there. */
  account_id: string;
  /** The provider's page to go on with; it works once, ask again for another. */
  url: string;
  /** The account can receive transfers. */
  transfers_enabled: boolean;
  /** The account can pay out to its bank. */
  payouts_enabled: boolean;
};
