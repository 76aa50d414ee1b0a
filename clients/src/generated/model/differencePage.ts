/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { AuditDifference } from './auditDifference';

/**
 * A page of differences.
 */
export type DifferencePage = {
  /** In the order in which they were found. */
  items: AuditDifference[];
  /**
   * Where the next page begins; null on the last one there is so far.
   * @nullable
   */
  next_cursor?: string | null;
};
