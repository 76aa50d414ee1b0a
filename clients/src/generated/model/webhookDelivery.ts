/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * A delivery in the webhook log.
 */
export type WebhookDelivery = {
  /** Its id. */
  id: string;
  /** Whose route it came to: `hyperswitch` or `stripe`. */
  sender: string;
  /**
   * The order it is about, where that is known.
   * @nullable
   */
  order_id?: string | null;
  /** When it came. */
  received_at: string;
  /**
   * What it says it is; null if unreadable.
   * @nullable
   */
  event_type?: string | null;
  /** Was it signed by the sender? */
  signature_valid: boolean;
  /** `ok`, `error: …`, `signature_invalid` or `skipped`. */
  processing_result: string;
  /** The sender's address. */
  source_ip: string;
  /** The sender's name for itself. */
  user_agent: string;
  /** The sender's id of the request, or ours; it is on every log line of it. */
  request_id: string;
  /** The body as it came; empty if it was not UTF-8. */
  payload: string;
};
