/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * A class of work.
 */
export type HealthBacklog = {
  /** Its name. */
  class: string;
  /** Rows that are not over. */
  open: number;
  /** When the oldest of them was made. */
  oldest_at?: string;
};
