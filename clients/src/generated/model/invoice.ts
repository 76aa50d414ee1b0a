/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { InvoiceReason } from './invoiceReason';
import type { PlanId } from './planId';
import type { Cycle } from './cycle';
import type { InvoicePeriod } from './invoicePeriod';
import type { Money } from './money';
import type { InvoiceStatus } from './invoiceStatus';

/**
 * An invoice.
 */
export type Invoice = {
  /** Its id. */
  id: string;
  /** How it is called on paper. */
  number: string;
  /** Whose it is. */
  subscription_id: string;
  reason: InvoiceReason;
  plan: PlanId;
  cycle: Cycle;
  /** @nullable */
  period?: InvoicePeriod;
  amount: Money;
  credit: Money;
  status: InvoiceStatus;
  /** The payment's id at the provider: the one that paid it, else the last one that was tried. */
  payment_id: string;
  /** How often it was tried to collect it. */
  attempts: number;
  /** When it was made. */
  created_at: string;
  /**
   * When it was paid.
   * @nullable
   */
  paid_at?: string | null;
};
