/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { OwnedLicense } from './ownedLicense';

/**
 * A page of licences.
 */
export type OwnedLicensePage = {
  /** Newest first. */
  items: OwnedLicense[];
  /**
   * Where the next page begins; null on the last one.
   * @nullable
   */
  next_cursor?: string | null;
};
