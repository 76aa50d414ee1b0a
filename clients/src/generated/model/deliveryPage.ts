/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { WebhookDelivery } from './webhookDelivery';

/**
 * A page of the webhook log.
 */
export type DeliveryPage = {
  /** Newest first. */
  items: WebhookDelivery[];
  /**
   * Where the next page begins; null on the last one.
   * @nullable
   */
  next_cursor?: string | null;
};
