/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Audit } from './audit';

/**
 * A page of audits.
 */
export type AuditPage = {
  /** Newest first; the newest 30 are kept. */
  items: Audit[];
  /**
   * Where the next page begins; null on the last one.
   * @nullable
   */
  next_cursor?: string | null;
};
