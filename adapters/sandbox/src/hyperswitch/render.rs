//! Records as the API shows them: every key, absent values as explicit null, in the order of the server's structs
//! (hyperswitch.md §3, §5, §9 and the samples).

use serde_json::Value;

use crate::{
    ids::timestamp,
    json::{Json, object},
    model::{Dispute, MethodStatus, Payment, PaymentStatus, Refund, RefundStatus, SavedMethod},
    state::State,
    webhooks::hyperswitch::MERCHANT_ID,
};

pub(crate) const PROFILE_ID: &str = "pro_sandbox0000000000000";
const CONNECTOR: &str = "sandbox";
const CONNECTOR_ACCOUNT_ID: &str = "mca_sandbox0000000000000";

/// Keys of `PaymentsResponse` in its order (samples/hyperswitch/payment_succeeded.json).
pub(crate) const PAYMENT_KEYS: [&str; 114] = [
    "payment_id",
    "merchant_id",
    "status",
    "amount",
    "net_amount",
    "shipping_cost",
    "amount_capturable",
    "amount_received",
    "processor_merchant_id",
    "initiator",
    "sdk_authorization",
    "connector",
    "state_metadata",
    "client_secret",
    "created",
    "modified_at",
    "connector_customer_id",
    "currency",
    "customer_id",
    "customer",
    "description",
    "refunds",
    "disputes",
    "mandate_id",
    "mandate_data",
    "setup_future_usage",
    "off_session",
    "capture_on",
    "capture_method",
    "payment_method",
    "payment_method_data",
    "payment_token",
    "shipping",
    "billing",
    "order_details",
    "email",
    "name",
    "phone",
    "return_url",
    "authentication_type",
    "statement_descriptor_name",
    "statement_descriptor_suffix",
    "next_action",
    "cancellation_reason",
    "error_code",
    "error_message",
    "unified_code",
    "unified_message",
    "error_details",
    "payment_experience",
    "payment_method_type",
    "connector_label",
    "business_country",
    "business_label",
    "business_sub_label",
    "allowed_payment_method_types",
    "manual_retry_allowed",
    "connector_transaction_id",
    "frm_message",
    "metadata",
    "connector_metadata",
    "connector_response_metadata",
    "feature_metadata",
    "reference_id",
    "payment_link",
    "profile_id",
    "surcharge_details",
    "applied_offer",
    "attempt_count",
    "merchant_decision",
    "merchant_connector_id",
    "incremental_authorization_allowed",
    "authorization_count",
    "incremental_authorizations",
    "external_authentication_details",
    "external_3ds_authentication_attempted",
    "expires_on",
    "fingerprint",
    "browser_info",
    "payment_channel",
    "payment_method_id",
    "network_transaction_id",
    "network_transaction_link_id",
    "payment_method_status",
    "updated",
    "split_payments",
    "frm_metadata",
    "extended_authorization_applied",
    "extended_authorization_last_applied_at",
    "request_extended_authorization",
    "capture_before",
    "merchant_order_reference_id",
    "order_tax_amount",
    "connector_mandate_id",
    "card_discovery",
    "force_3ds_challenge",
    "force_3ds_challenge_trigger",
    "issuer_error_code",
    "issuer_error_message",
    "is_iframe_redirection_enabled",
    "whole_connector_response",
    "enable_partial_authorization",
    "enable_overcapture",
    "is_overcapture_enabled",
    "network_details",
    "is_stored_credential",
    "mit_category",
    "billing_descriptor",
    "tokenization",
    "partner_merchant_identifier_details",
    "payment_method_tokenization_details",
    "installment_options",
    "installment_data",
    "sender_payment_instrument_id",
];

/// A payment as create, retrieve and webhooks show it. Retrieve embeds refunds and disputes.
pub(crate) fn payment(state: &State, payment: &Payment, embed: bool) -> Json {
    let fields = PAYMENT_KEYS.iter().map(|key| (*key, payment_field(state, payment, key, embed))).collect();
    Json::Object(fields)
}

fn payment_field(state: &State, payment: &Payment, key: &str, embed: bool) -> Json {
    let attempted = payment.attempt_count > 0 && payment.payment_method.is_some();
    match key {
        "payment_id" => payment.payment_id.as_str().into(),
        "merchant_id" | "processor_merchant_id" => MERCHANT_ID.into(),
        "status" => payment_status(payment.status).into(),
        "amount" | "net_amount" => payment.amount.into(),
        "amount_capturable" => payment.amount_capturable.into(),
        "amount_received" => payment.amount_received.into(),
        "currency" => payment.currency.as_str().into(),
        "client_secret" => payment.client_secret.as_str().into(),
        "created" => timestamp(payment.created).into(),
        "modified_at" | "updated" => timestamp(payment.updated).into(),
        "expires_on" => timestamp(payment.expires_on).into(),
        "connector" => attempted.then_some(CONNECTOR).into(),
        "merchant_connector_id" => attempted.then_some(CONNECTOR_ACCOUNT_ID).into(),
        "connector_transaction_id" => payment.charge_id.clone().into(),
        "profile_id" => PROFILE_ID.into(),
        "attempt_count" => payment.attempt_count.max(1).into(),
        "payment_method" => payment.payment_method.clone().into(),
        "payment_method_type" => payment.payment_method_type.clone().into(),
        "payment_method_data" => {
            payment.card.as_ref().map_or(Json::Null, |card| object! { "card" => card_body(card), "billing" => Json::Null })
        }
        "payment_method_id" => payment.payment_method_id.clone().into(),
        "mandate_id" => saved_method(state, payment).map(|method| method.mandate_id.as_str()).into(),
        "payment_method_status" => saved_method(state, payment)
            .map(|method| match method.status {
                MethodStatus::Active => "active",
                MethodStatus::Revoked => "inactive",
            })
            .into(),
        "error_code" => payment.error.as_ref().map(|(code, _)| code.as_str()).into(),
        "error_message" => payment.error.as_ref().map(|(_, message)| message.as_str()).into(),
        "unified_code" => payment.error.as_ref().map(|_| "UE_9000").into(),
        "unified_message" => payment.error.as_ref().map(|_| "Something went wrong").into(),
        "next_action" => next_action(payment),
        "state_metadata" => state_metadata(payment),
        "refunds" if embed => embedded(&payment.refund_ids, |id| state.refunds.get(id).map(refund)),
        "disputes" if embed => embedded(&payment.dispute_ids, |id| state.disputes.get(id).map(dispute_of_payment)),
        "authentication_type" => payment.echo.get(key).cloned().unwrap_or_else(|| Value::from("no_three_ds")).into(),
        "customer" => payment.echo.get(key).cloned().into(),
        "card_discovery" => payment.card.as_ref().map(|_| "manual").into(),
        "incremental_authorization_allowed"
        | "external_3ds_authentication_attempted"
        | "force_3ds_challenge"
        | "force_3ds_challenge_trigger" => false.into(),
        "feature_metadata" => object! {
            "redirect_response" => Json::Null, "search_tags" => Json::Null, "apple_pay_recurring_details" => Json::Null,
            "pix_additional_details" => Json::Null, "boleto_additional_details" => Json::Null,
            "pix_automatico_additional_details" => Json::Null, "finix_additional_details" => Json::Null,
        },
        _ => payment.echo.get(key).cloned().into(),
    }
}

fn saved_method<'a>(state: &'a State, payment: &Payment) -> Option<&'a SavedMethod> {
    state.saved_methods.get(payment.payment_method_id.as_ref()?)
}

fn card_body([first, last, month, year]: &[String; 4]) -> Json {
    object! {
        "last4" => last.as_str(), "card_type" => Json::Null, "card_network" => Json::Null, "card_issuer" => Json::Null,
        "card_issuing_country" => Json::Null, "card_isin" => first.as_str(), "card_extended_bin" => Json::Null,
        "card_exp_month" => month.as_str(), "card_exp_year" => year.as_str(), "card_holder_name" => Json::Null,
        "payment_checks" => Json::Null, "authentication_data" => Json::Null, "auth_code" => Json::Null,
    }
}

fn next_action(payment: &Payment) -> Json {
    if payment.status != PaymentStatus::RequiresCustomerAction {
        return Json::Null;
    }
    let url = format!("/checkout/{}?client_secret={}", payment.payment_id, payment.client_secret);
    object! { "type" => "redirect_to_url", "redirect_to_url" => url }
}

fn state_metadata(payment: &Payment) -> Json {
    if payment.total_refunded == 0 && payment.total_disputed == 0 {
        return Json::Null;
    }
    object! { "total_refunded_amount" => payment.total_refunded, "total_disputed_amount" => payment.total_disputed }
}

fn embedded(ids: &[String], render: impl Fn(&String) -> Option<Json>) -> Json {
    if ids.is_empty() { Json::Null } else { Json::List(ids.iter().filter_map(render).collect()) }
}

/// `RefundResponse`, the same shape everywhere (§5).
pub(crate) fn refund(refund: &Refund) -> Json {
    let failed = refund.error.as_ref();
    object! {
        "refund_id" => refund.refund_id.as_str(),
        "payment_id" => refund.payment_id.as_str(),
        "amount" => refund.amount,
        "currency" => refund.currency.as_str(),
        "status" => refund_status(refund.status),
        "reason" => refund.reason.clone(),
        "metadata" => refund.metadata.clone(),
        "error_message" => failed.map(|(_, message)| message.as_str()),
        "error_code" => failed.map(|(code, _)| code.as_str()),
        "unified_code" => failed.map(|_| "UE_9000"),
        "unified_message" => failed.map(|_| "Something went wrong"),
        "created_at" => timestamp(refund.created_at),
        "updated_at" => timestamp(refund.updated_at),
        "connector" => CONNECTOR,
        "profile_id" => PROFILE_ID,
        "merchant_connector_id" => CONNECTOR_ACCOUNT_ID,
        "split_refunds" => Json::Null,
        "issuer_error_code" => Json::Null,
        "issuer_error_message" => Json::Null,
        "raw_connector_response" => Json::Null,
        "connector_refund_id" => refund.connector_refund_id.as_str(),
    }
}

/// `DisputeResponsePaymentsRetrieve`: a dispute among those of its payment, without currency.
fn dispute_of_payment(of: &Dispute) -> Json {
    const LEFT_OUT: [&str; 7] =
        ["payment_id", "attempt_id", "currency", "connector", "profile_id", "merchant_connector_id", "is_already_refunded"];
    let mut body = dispute(of);
    if let Json::Object(fields) = &mut body {
        fields.retain(|(key, _)| !LEFT_OUT.contains(key));
    }
    body
}

/// `DisputeResponse`; the amount is a string (§2, §9).
pub(crate) fn dispute(dispute: &Dispute) -> Json {
    object! {
        "dispute_id" => dispute.dispute_id.as_str(),
        "payment_id" => dispute.payment_id.as_str(),
        "attempt_id" => format!("{}_1", dispute.payment_id),
        "amount" => dispute.amount.to_string(),
        "currency" => dispute.currency.as_str(),
        "dispute_stage" => dispute.stage.as_str(),
        "dispute_status" => dispute.status.as_str(),
        "connector" => CONNECTOR,
        "connector_status" => dispute.status.trim_start_matches("dispute_").to_ascii_uppercase(),
        "connector_dispute_id" => dispute.connector_dispute_id.as_str(),
        "connector_reason" => dispute.reason.clone(),
        "connector_reason_code" => dispute.reason_code.clone(),
        "challenge_required_by" => dispute.challenge_required_by.map(timestamp),
        "connector_created_at" => Json::Null,
        "connector_updated_at" => Json::Null,
        "created_at" => timestamp(dispute.created_at),
        "profile_id" => PROFILE_ID,
        "merchant_connector_id" => CONNECTOR_ACCOUNT_ID,
        "is_already_refunded" => dispute.is_already_refunded,
    }
}

/// The status as the wire spells it.
pub(crate) fn payment_status(status: PaymentStatus) -> &'static str {
    match status {
        PaymentStatus::RequiresPaymentMethod => "requires_payment_method",
        PaymentStatus::RequiresConfirmation => "requires_confirmation",
        PaymentStatus::RequiresCustomerAction => "requires_customer_action",
        PaymentStatus::RequiresCapture => "requires_capture",
        PaymentStatus::Processing => "processing",
        PaymentStatus::PartiallyCaptured => "partially_captured",
        PaymentStatus::PartiallyCapturedAndCapturable => "partially_captured_and_capturable",
        PaymentStatus::Succeeded => "succeeded",
        PaymentStatus::Failed => "failed",
        PaymentStatus::Cancelled => "cancelled",
        PaymentStatus::Expired => "expired",
    }
}

fn refund_status(status: RefundStatus) -> &'static str {
    match status {
        RefundStatus::Pending => "pending",
        RefundStatus::Succeeded => "succeeded",
        RefundStatus::Failed => "failed",
    }
}
