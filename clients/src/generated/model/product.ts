/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { ProductKind } from './productKind';
import type { Money } from './money';
import type { ProductStatus } from './productStatus';
import type { License } from './license';

/**
 * A product.
 */
export type Product = {
  /** Its id. */
  id: string;
  /** Who sells it. */
  seller_id: string;
  kind: ProductKind;
  /** Its name. */
  title: string;
  /** More about it. */
  description: string;
  price: Money;
  status: ProductStatus;
  /** Licences to choose from, in order. */
  licenses: License[];
  /** Addresses of pictures, in order. */
  images: string[];
  /** When it was made. */
  created_at: string;
  /**
   * When it could first be bought.
   * @nullable
   */
  published_at?: string | null;
};
