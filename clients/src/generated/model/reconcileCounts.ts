/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * What became of the rows of one class.
 */
export type ReconcileCounts = {
  /** Rows looked at. */
  seen: number;
  /** Brought to where the provider is. */
  settled: number;
  /** Ended as failed: the provider refused, or definitely has none. */
  failed: number;
  /** Nothing to do yet. */
  skipped: number;
  /** The provider could not be read; the row is as it was. */
  errors: number;
};
