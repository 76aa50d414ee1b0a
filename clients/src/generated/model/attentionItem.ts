/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * Something that waits on a person.
 */
export type AttentionItem = {
  /** Why, as a stable word. */
  class: string;
  /** What it is about: `order`, `refund`, `transfer`, `reversal`, `dispute`, `user`. */
  subject: string;
  /** Its id. */
  id: string;
  /**
   * The order it belongs to, where it belongs to one.
   * @nullable
   */
  order_id?: string | null;
  /** Since when. */
  since: string;
  /** Figures and the provider's words. */
  why: string;
  /** What to do about it. */
  proposed_action: string;
  /** How that is done: calls and commands, with the ids filled in. */
  how: string;
};
