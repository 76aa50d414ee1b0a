//! The API's description as it is published: what the framework writes, put so that other tools read it as it is meant.
//!
//! The framework writes a field of a named type as "that type, and a description"; where the field may be null, `nullable`
//! stands beside no `type`, which OpenAPI 3.0 gives no meaning. Here such a field is that type alone, and its `type` is named.

use poem_openapi::{OpenApi, OpenApiService};
use serde_yaml::{Mapping, Value};

/// The description of `service`, as YAML.
#[must_use]
pub fn yaml<T: OpenApi>(service: &OpenApiService<T, ()>) -> String {
    let written = service.spec_yaml();
    let tidied = serde_yaml::from_str::<Value>(&written).and_then(|mut document| {
        let schemas = document.get("components").and_then(|components| components.get("schemas")).cloned().unwrap_or_default();
        tidy(&mut document, &schemas);
        serde_yaml::to_string(&document)
    });
    tidied.unwrap_or_else(|error| {
        tracing::error!(%error, "the API's description is published as the framework wrote it");
        written
    })
}

fn tidy(part: &mut Value, schemas: &Value) {
    match part {
        Value::Mapping(fields) => {
            tidy_reference(fields, schemas);
            fields.values_mut().for_each(|field| tidy(field, schemas));
        }
        Value::Sequence(items) => items.iter_mut().for_each(|item| tidy(item, schemas)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Tagged(_) => {}
    }
}

/// `allOf` of a reference and of what says nothing about the shape.
fn tidy_reference(fields: &mut Mapping, schemas: &Value) {
    let Some(Value::Sequence(parts)) = fields.get_mut("allOf") else { return };
    let Some(reference) = parts.first().and_then(|part| part.get("$ref")).and_then(Value::as_str).map(str::to_owned) else { return };
    parts.retain(|part| ["$ref", "type", "properties", "allOf", "enum"].iter().any(|shape| part.get(shape).is_some()));
    let alone = parts.len() == 1;
    if alone && fields.get("nullable") == Some(&Value::Bool(true)) && !fields.contains_key("type") {
        let name = reference.rsplit('/').next().unwrap_or_default();
        let kind = schemas.get(name).and_then(|schema| schema.get("type")).cloned().unwrap_or_else(|| "object".into());
        fields.insert("type".into(), kind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem_openapi::payload::Json;
    use poem_openapi::{Enum, Object};

    #[derive(Enum)]
    #[oai(rename_all = "snake_case")]
    enum Colour {
        Red,
    }

    #[derive(Object)]
    struct Thing {
        /// Its colour.
        colour: Colour,
        /// The colour it may have.
        #[oai(nullable)]
        other: Option<Colour>,
    }

    struct Api;

    #[OpenApi]
    impl Api {
        #[oai(path = "/", method = "post", operation_id = "x")]
        async fn x(&self, body: Json<Thing>) -> Json<Thing> {
            body
        }
    }

    #[test]
    fn a_field_of_a_named_type_is_that_type_alone() {
        let document: Value = serde_yaml::from_str(&yaml(&OpenApiService::new(Api, "x", "1"))).unwrap();
        let fields = &document["components"]["schemas"]["Thing"]["properties"];
        for name in ["colour", "other"] {
            assert_eq!(fields[name]["allOf"].as_sequence().map(Vec::len), Some(1), "{:?}", fields[name]);
            assert!(fields[name]["description"].is_string());
        }
        assert_eq!(fields["other"]["type"], "string");
        assert_eq!(fields["other"]["nullable"], true);
    }
}
