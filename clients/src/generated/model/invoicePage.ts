/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Invoice } from './invoice';

/**
 * A page of invoices.
 */
export type InvoicePage = {
  /** Newest first. */
  items: Invoice[];
  /**
   * Where the next page begins; null on the last one.
   * @nullable
   */
  next_cursor?: string | null;
};
