/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Transfer } from './transfer';

/**
 * A page of transfers.
 */
export type TransferPage = {
  /** Newest first. */
  items: Transfer[];
  /**
   * Where the next page begins; null on the last one.
   * @nullable
   */
  next_cursor?: string | null;
};
