/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Product } from './product';

/**
 * A page of products.
 */
export type ProductPage = {
  /** Newest first. */
  items: Product[];
  /**
   * Where the next page begins; null on the last one.
   * @nullable
   */
  next_cursor?: string | null;
};
