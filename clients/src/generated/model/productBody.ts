/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { ProductKind } from './productKind';
import type { Money } from './money';
import type { LicenseBody } from './licenseBody';

/**
 * What a seller says of a product.
 */
export type ProductBody = {
  kind: ProductKind;
  /** Its name, 1 to 200 characters. */
  title: string;
  /** More about it, at most 10,000 characters. Left out in a PUT, it stays. */
  description?: string;
  price: Money;
  /** Tracks that belong to it. Not available yet: leave it out or empty. */
  track_ids?: string[];
  /** Licences to choose from, at most 20. Left out in a PUT, they stay. */
  licenses?: LicenseBody[];
  /** `http` or `https` addresses of pictures, at most 20. Left out in a PUT, they stay. */
  images?: string[];
};
