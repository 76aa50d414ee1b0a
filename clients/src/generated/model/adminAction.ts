/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * Something that an operator did.
 */
export type AdminAction = {
  /** Its id. */
  id: string;
  /** When. */
  at: string;
  /**
   * Who; null for somebody at the command line.
   * @nullable
   */
  admin_id?: string | null;
  /** What, as a stable word. */
  action: string;
  /**
   * What it was done to: `order`, `refund`, `transfer`, `reversal`, `dispute`, `user`; null where it was no one thing.
   * @nullable
   */
  subject?: string | null;
  /**
   * Its id.
   * @nullable
   */
  subject_id?: string | null;
  /**
   * The order it belongs to, where it belongs to one.
   * @nullable
   */
  order_id?: string | null;
  /** Figures and reasons. */
  detail: string;
};
