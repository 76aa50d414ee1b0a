/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Royalty } from './royalty';

/**
 * A page of royalties.
 */
export type RoyaltyPage = {
  /** By track, platform, period and currency. */
  items: Royalty[];
  /**
   * Where the next page begins; null on the last one.
   * @nullable
   */
  next_cursor?: string | null;
};
