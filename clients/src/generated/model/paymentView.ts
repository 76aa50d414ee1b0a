/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * What the browser needs to pay.
 */
export type PaymentView = {
  /** The payment's id at the provider. */
  payment_id: string;
  /**
   * Lets whoever has it pay this payment; null until the provider has answered.
   * @nullable
   */
  client_secret?: string | null;
  /**
   * The provider's key for browsers, where one is configured.
   * @nullable
   */
  publishable_key?: string | null;
  /**
   * A page to pay on, where the sandbox is on.
   * @nullable
   */
  checkout_url?: string | null;
};
