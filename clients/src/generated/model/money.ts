/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * An amount of money.
 */
export type Money = {
  /** Minor units (cents) of the currency. */
  amount: number;
  /** ISO 4217 code, e.g. `EUR`. */
  currency: string;
};
