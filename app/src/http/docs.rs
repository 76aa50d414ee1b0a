//! `/docs`: the API reference as a page, embedded; `/openapi.yaml`: what it shows.
//!
//! The page's scripts and styles have addresses of their own, so its policy allows neither inline scripts nor `eval`.

use super::description;
use super::router::Router;
use poem_openapi::{OpenApi, OpenApiService};

/// Swagger UI sets style attributes on its elements, and its icons are data.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Veza API</title>\n\
                    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
                    <link rel=\"stylesheet\" href=\"/docs/swagger-ui.css\">\n</head>\n<body>\n<div id=\"ui\"></div>\n\
                    <script src=\"/docs/swagger-ui.js\"></script>\n<script src=\"/docs/start.js\"></script>\n</body>\n</html>\n";

const START: &str = "SwaggerUIBundle({ dom_id: '#ui', url: '/openapi.yaml', deepLinking: true, persistAuthorization: false });\n";

/// Adds the reference of `service`.
#[must_use]
pub fn add_to<T: OpenApi>(router: Router, service: &OpenApiService<T, ()>) -> Router {
    let bundle = service.swagger_ui_html();
    let style = between(&bundle, "<style charset=\"UTF-8\">", "</style>").to_owned();
    let script = between(&bundle, "<script charset=\"UTF-8\">", "</script>").to_owned();
    router
        .asset("/openapi.yaml", "application/yaml", POLICY, description::yaml(service))
        .asset("/docs", "text/html; charset=utf-8", POLICY, PAGE)
        .asset("/docs/start.js", "text/javascript; charset=utf-8", POLICY, START)
        .asset("/docs/swagger-ui.js", "text/javascript; charset=utf-8", POLICY, script)
        .asset("/docs/swagger-ui.css", "text/css; charset=utf-8", POLICY, style)
}

/// The library gives its bundle only as one page with everything inside.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let inner = text.split_once(start).and_then(|(_, rest)| rest.split_once(end));
    inner.map(|(inner, _)| inner).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundle_is_taken_apart() {
        struct Nothing;
        #[OpenApi]
        impl Nothing {}
        let bundle = OpenApiService::new(Nothing, "x", "1").swagger_ui_html();
        assert!(between(&bundle, "<style charset=\"UTF-8\">", "</style>").contains(".swagger-ui"));
        assert!(between(&bundle, "<script charset=\"UTF-8\">", "</script>").contains("SwaggerUIBundle"));
    }
}
