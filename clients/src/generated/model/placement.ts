/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Platform } from './platform';
import type { PlacementStatus } from './placementStatus';

/**
 * A submission on one platform.
 */
export type Placement = {
  platform: Platform;
  status: PlacementStatus;
  /**
   * The distributor's reference, once it has one.
   * @nullable
   */
  partner_reference?: string | null;
  /**
   * The recording's code, once it has one.
   * @nullable
   */
  isrc?: string | null;
  /**
   * What went wrong last; it is tried again by itself.
   * @nullable
   */
  last_error?: string | null;
};
