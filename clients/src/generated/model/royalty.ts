/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Platform } from './platform';
import type { Money } from './money';

/**
 * What a track has brought on a platform in a period.
 */
export type Royalty = {
  /** The track: the product that was distributed. */
  product_id: string;
  /**
   * Its title today.
   * @nullable
   */
  title?: string | null;
  platform: Platform;
  /** The month, e.g. `2026-01`. */
  period: string;
  /** How often it was heard. */
  units: number;
  amount: Money;
};
