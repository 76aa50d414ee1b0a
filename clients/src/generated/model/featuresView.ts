/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * What a plan allows.
 */
export type FeaturesView = {
  /** Sell on the marketplace. */
  can_sell_on_marketplace: boolean;
  /** Send tracks to other platforms. */
  can_distribute: boolean;
  /** Bytes that may be stored. */
  upload_quota_bytes: number;
  /** Export analytics. */
  analytics_export: boolean;
};
