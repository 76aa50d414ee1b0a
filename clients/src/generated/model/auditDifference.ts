/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * A difference between our books and a provider's, or within ours.
 */
export type AuditDifference = {
  /** Its place among those of the audit, from 0. */
  place: number;
  /** Its kind, as a stable word. */
  code: string;
  /**
   * The order, where it belongs to one.
   * @nullable
   */
  order_id?: string | null;
  /** What it is about: an id at a provider, or one of ours. */
  subject: string;
  /** What our books say. */
  ours: string;
  /** What the other side says. */
  theirs: string;
  /** What to do about it. */
  proposed_action: string;
};
