/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { AttentionItem } from './attentionItem';

/**
 * A page of what waits on a person.
 */
export type AttentionPage = {
  /** Oldest first. */
  items: AttentionItem[];
  /**
   * Where the next page begins; null on the last one.
   * @nullable
   */
  next_cursor?: string | null;
};
