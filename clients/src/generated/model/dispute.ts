/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Money } from './money';

/**
 * A dispute: a buyer asks the card's bank for the money back.
 */
export type Dispute = {
  /** Its id. */
  id: string;
  /** Its order. */
  order_id: string;
  /** The payment provider's id. */
  psp_dispute_id: string;
  amount: Money;
  /**
   * What an operator has booked of its loss, in minor units of the order's currency; only where the bank's is another.
   * @nullable
   */
  booked_as?: number | null;
  /** `opened`, `challenged`, `expired`, `accepted`, `cancelled`, `won` or `lost`. */
  status: string;
  /**
   * The provider's word for the stage.
   * @nullable
   */
  stage?: string | null;
  /**
   * The bank's reason.
   * @nullable
   */
  reason?: string | null;
  /**
   * Until when evidence may be handed in at the provider.
   * @nullable
   */
  respond_by?: string | null;
  /** When we learnt of it. */
  created_at: string;
  /**
   * When it was won or lost.
   * @nullable
   */
  closed_at?: string | null;
};
