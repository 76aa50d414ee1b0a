/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { OwnedLicenseStatus } from './ownedLicenseStatus';

/**
 * A licence that somebody owns.
 */
export type OwnedLicense = {
  /** Its id. */
  id: string;
  /** What it licenses. */
  product_id: string;
  /** The order that paid for it. */
  order_id: string;
  /** Under which terms; `standard` where the product was bought without a chosen licence. */
  kind: string;
  status: OwnedLicenseStatus;
  /** When it was granted. */
  granted_at: string;
};
