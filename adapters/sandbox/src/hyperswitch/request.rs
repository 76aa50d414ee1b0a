//! Reading request bodies the way serde's `deny_unknown_fields` does (hyperswitch.md §3, §5).

use chrono::{DateTime, Utc};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::core::{Answer, parse_json};

use super::{errors, methods::Recurring};

/// Keys of `PaymentsRequest`: one type for create, update and confirm in the server's code.
const PAYMENT_KEYS: &[&str] = &[
    "all_keys_required",
    "allowed_payment_method_types",
    "amount",
    "amount_to_capture",
    "authentication_type",
    "billing",
    "billing_descriptor",
    "browser_info",
    "business_country",
    "business_label",
    "business_sub_label",
    "capture_method",
    "capture_on",
    "client_secret",
    "confirm",
    "connector",
    "connector_metadata",
    "ctp_service_details",
    "currency",
    "customer",
    "customer_acceptance",
    "customer_id",
    "description",
    "discount_amount",
    "duty_amount",
    "email",
    "enable_overcapture",
    "enable_partial_authorization",
    "external_surcharge_strategy",
    "feature_metadata",
    "force_3ds_challenge",
    "frm_metadata",
    "installment_data",
    "installment_options",
    "is_iframe_redirection_enabled",
    "is_stored_credential",
    "mandate_data",
    "mandate_id",
    "merchant_connector_details",
    "merchant_order_reference_id",
    "metadata",
    "mit_category",
    "name",
    "off_session",
    "offer_details",
    "order_date",
    "order_details",
    "order_tax_amount",
    "partner_merchant_identifier_details",
    "payment_channel",
    "payment_experience",
    "payment_id",
    "payment_link",
    "payment_link_config",
    "payment_link_config_id",
    "payment_method",
    "payment_method_data",
    "payment_method_type",
    "payment_token",
    "payment_type",
    "phone",
    "phone_country_code",
    "profile_acquirer_id",
    "profile_id",
    "psd2_sca_exemption_type",
    "recurring_details",
    "request_external_three_ds_authentication",
    "request_extended_authorization",
    "request_incremental_authorization",
    "retry_action",
    "return_url",
    "routing",
    "session_expiry",
    "setup_future_usage",
    "shipping",
    "shipping_amount_tax",
    "shipping_cost",
    "skip_external_tax_calculation",
    "split_payments",
    "statement_descriptor_name",
    "statement_descriptor_suffix",
    "surcharge_details",
    "tax_status",
    "three_ds_data",
    "threeds_method_comp_ind",
    "tokenization",
];

/// Keys of a payment request that come back in the answer as they were sent.
const ECHOED: &[&str] = &[
    "allowed_payment_method_types",
    "authentication_type",
    "billing",
    "browser_info",
    "business_country",
    "business_label",
    "capture_method",
    "connector_metadata",
    "customer_id",
    "description",
    "email",
    "frm_metadata",
    "is_iframe_redirection_enabled",
    "merchant_order_reference_id",
    "metadata",
    "mit_category",
    "name",
    "off_session",
    "order_details",
    "order_tax_amount",
    "payment_channel",
    "payment_experience",
    "payment_token",
    "phone",
    "return_url",
    "setup_future_usage",
    "shipping",
    "shipping_cost",
    "split_payments",
    "statement_descriptor_name",
    "statement_descriptor_suffix",
    "surcharge_details",
];

/// Kinds of `recurring_details` that name no method kept by an earlier payment.
const OTHER_DETAILS: &[&str] = &[
    "card_with_limited_data",
    "network_transaction_id_and_card_details",
    "network_transaction_id_and_decrypted_wallet_token_details",
    "network_transaction_id_and_network_token_details",
    "processor_payment_token",
];

/// `CustomerAcceptance`, read for its shape alone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomerAcceptance {
    #[serde(rename = "acceptance_type")]
    _acceptance_type: AcceptanceType,
    #[serde(rename = "accepted_at")]
    _accepted_at: Option<DateTime<Utc>>,
    #[serde(rename = "online")]
    _online: Option<OnlineMandate>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum AcceptanceType {
    Online,
    Offline,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnlineMandate {
    #[serde(rename = "ip_address")]
    _ip_address: String,
    #[serde(rename = "user_agent")]
    _user_agent: String,
}

/// A parsed JSON object of a request.
#[derive(Debug, Clone)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// Parses the body; `None` as body means that it was too large, an empty one counts as `{}` where allowed.
    pub(crate) fn parse(content_type: Option<&str>, body: Option<&[u8]>, empty_allowed: bool, known: &[&str]) -> Result<Self, Answer> {
        let body = body.ok_or_else(|| errors::unparsable("JSON payload is larger than allowed (limit: 32768 bytes)."))?;
        if body.is_empty() && empty_allowed {
            return Ok(Self(Map::new()));
        }
        if !content_type.is_some_and(|kind| kind.starts_with("application/json")) {
            return Err(errors::unparsable("Content type error"));
        }
        let Value::Object(fields) = parse_json(body).map_err(errors::unparsable)? else {
            return Err(errors::unparsable("invalid type: expected a map"));
        };
        match fields.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(errors::unparsable(format!("unknown field `{key}`, expected one of `{}`", known.join("`, `")))),
            None => Ok(Self(fields)),
        }
    }

    pub(crate) fn parse_payment(content_type: Option<&str>, body: Option<&[u8]>) -> Result<Self, Answer> {
        let fields = Self::parse(content_type, body, false, PAYMENT_KEYS)?;
        fields.check_payment()?;
        Ok(fields)
    }

    /// The types that the simulator looks into; the rest passes as it is.
    fn check_payment(&self) -> Result<(), Answer> {
        self.amount("amount")?;
        self.amount("session_expiry")?;
        self.get::<bool>("confirm", "a boolean")?;
        self.get::<bool>("off_session", "a boolean")?;
        self.get::<Map<String, Value>>("metadata", "a map")?;
        self.customer_id()?;
        self.recurring_details()?;
        self.get::<CustomerAcceptance>("customer_acceptance", "a customer_acceptance")?;
        if let Some(currency) = self.text("currency")?
            && !(currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase()))
        {
            return Err(errors::unparsable(format!("unknown variant `{currency}`, expected an ISO 4217 code")));
        }
        self.one_of("capture_method", &["automatic", "manual", "manual_multiple", "scheduled", "sequential_automatic"])?;
        self.one_of("authentication_type", &["three_ds", "no_three_ds"])?;
        self.one_of("setup_future_usage", &["off_session", "on_session"])?;
        if let Some(id) = self.text("payment_id")? {
            let id = id.trim();
            let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
            if id.is_empty() || id.len() > 64 || !id.bytes().all(legal) {
                return Err(errors::unparsable("the payment_id is not 1 to 64 characters of [A-Za-z0-9_-]"));
            }
        }
        Ok(())
    }

    fn one_of(&self, key: &str, allowed: &[&str]) -> Result<(), Answer> {
        match self.text(key)? {
            Some(value) if !allowed.contains(&value.as_str()) => {
                Err(errors::unparsable(format!("{key}: unknown variant `{value}`, expected one of `{}`", allowed.join("`, `"))))
            }
            _ => Ok(()),
        }
    }

    /// A field, if it is there and not null.
    pub(crate) fn get<T: DeserializeOwned>(&self, key: &str, expected: &str) -> Result<Option<T>, Answer> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => serde_json::from_value(value.clone())
                .map(Some)
                .map_err(|_| errors::unparsable(format!("{key}: invalid value: {value}, expected {expected}"))),
        }
    }

    pub(crate) fn text(&self, key: &str) -> Result<Option<String>, Answer> {
        self.get(key, "a string")
    }

    /// Who pays: `customer_id`, or `customer.id` in its place; 1 to 64 characters.
    pub(crate) fn customer_id(&self) -> Result<Option<String>, Answer> {
        let of_object = self.raw("customer").and_then(|customer| customer.get("id")).and_then(Value::as_str);
        let id = self.text("customer_id")?.or_else(|| of_object.map(str::to_owned));
        match id {
            Some(id) if id.is_empty() || id.chars().count() > 64 => Err(errors::unparsable("the customer_id is not 1 to 64 characters")),
            id => Ok(id),
        }
    }

    /// The saved method, or the mandate, that is charged.
    pub(super) fn recurring_details(&self) -> Result<Option<Recurring>, Answer> {
        let Some(details) = self.raw("recurring_details") else { return Ok(None) };
        let kind = details.get("type").and_then(Value::as_str).unwrap_or_default();
        let data = details.get("data").and_then(Value::as_str).map(str::to_owned);
        match (kind, data) {
            ("payment_method_id", Some(id)) => Ok(Some(Recurring::Method(id))),
            ("mandate_id", Some(id)) => Ok(Some(Recurring::Mandate(id))),
            // The others carry a card or another provider's token: nothing that is kept here.
            (kind, _) if OTHER_DETAILS.contains(&kind) => {
                Err(errors::error(501, "IR_00", "The sandbox charges by payment_method_id or mandate_id only"))
            }
            _ => Err(errors::unparsable("recurring_details: expected a type and its data")),
        }
    }

    /// An amount of minor units: 0..=i64::MAX (§2).
    pub(crate) fn amount(&self, key: &str) -> Result<Option<i64>, Answer> {
        match self.get::<i64>(key, "an integer")? {
            Some(amount) if amount < 0 => Err(errors::unparsable(format!("{key}: invalid value: {amount}, expected u64"))),
            amount => Ok(amount),
        }
    }

    pub(crate) fn raw(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    pub(crate) fn is_true(&self, key: &str) -> bool {
        self.0.get(key) == Some(&Value::Bool(true))
    }

    /// The fields that the answer repeats.
    pub(crate) fn echoed(&self) -> impl Iterator<Item = (String, Value)> {
        ECHOED.iter().filter_map(|key| self.raw(key).map(|value| ((*key).to_owned(), value.clone())))
    }

    pub(crate) fn to_value(&self) -> Value {
        Value::Object(self.0.clone())
    }
}
