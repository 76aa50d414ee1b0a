/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Money } from './money';

/**
 * A licence to offer.
 */
export type LicenseBody = {
  /** Its name, each at most once per product: 1 to 32 of a-z, 0-9, `_` and `-`. `exclusive` sells once. */
  kind: string;
  price: Money;
  /** What it permits. */
  terms?: string;
};
