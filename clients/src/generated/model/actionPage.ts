/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { AdminAction } from './adminAction';

/**
 * A page of what operators did.
 */
export type ActionPage = {
  /** Newest first. */
  items: AdminAction[];
  /**
   * Where the next page begins; null on the last one.
   * @nullable
   */
  next_cursor?: string | null;
};
