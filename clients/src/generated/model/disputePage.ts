/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Dispute } from './dispute';

/**
 * A page of disputes.
 */
export type DisputePage = {
  /** Newest first. */
  items: Dispute[];
  /**
   * Where the next page begins; null on the last one.
   * @nullable
   */
  next_cursor?: string | null;
};
