//! Which crate may depend on which: `app` → `adapters/*` → `ports` → `domain`, and `domain` on next to nothing.

use serde_json::Value;

/// A dependency as a manifest declares it.
#[derive(Clone, Debug)]
pub struct Dependency {
    pub name: String,
    pub dev: bool,
}

/// A crate of the workspace.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its folder from the repository's root.
    pub folder: String,
    pub name: String,
    pub dependencies: Vec<Dependency>,
}

/// Reads the output of `cargo metadata --no-deps`.
pub fn members(metadata: &Value) -> Vec<Member> {
    let root = metadata["workspace_root"].as_str().unwrap_or_default();
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages
        .map(|package| {
            let manifest = package["manifest_path"].as_str().unwrap_or_default();
            let folder = manifest.trim_start_matches(root).trim_start_matches('/').trim_end_matches("/Cargo.toml");
            let declared = package["dependencies"].as_array().into_iter().flatten();
            let dependencies = declared
                .map(|dependency| Dependency {
                    name: dependency["name"].as_str().unwrap_or_default().to_owned(),
                    dev: dependency["kind"] == "dev",
                })
                .collect();
            Member { folder: folder.to_owned(), name: package["name"].as_str().unwrap_or_default().to_owned(), dependencies }
        })
        .collect()
}

/// What a crate may depend on.
struct Allowed {
    /// Crates of the workspace.
    ours: &'static [&'static str],
    /// The same, in tests only.
    ours_in_tests: &'static [&'static str],
    /// Crates from outside; none = any.
    others: Option<&'static [&'static str]>,
}

const EVERYTHING_BELOW: &[&str] = &[
    "veza-domain",
    "veza-ports",
    "veza-memory",
    "veza-sqlite",
    "veza-postgres",
    "veza-hyperswitch",
    "veza-stripe",
    "veza-distributor",
    "veza-sandbox",
    "veza-mail",
];

fn allowed(folder: &str) -> Option<Allowed> {
    Some(match folder {
        "domain" => Allowed { ours: &[], ours_in_tests: &[], others: Some(&["chrono", "thiserror", "uuid", "proptest"]) },
        "ports" => Allowed {
            ours: &["veza-domain"],
            ours_in_tests: &[],
            others: Some(&["async-trait", "thiserror", "secrecy", "uuid", "tokio", "proptest"]),
        },
        // A third party: it knows nothing of Veza, so that its books are its own.
        "adapters/sandbox" => Allowed { ours: &[], ours_in_tests: &[], others: None },
        "app" => Allowed { ours: EVERYTHING_BELOW, ours_in_tests: &["veza-cluster"], others: None },
        "fuzz" => {
            let all: &[&str] = &["veza", "veza-domain", "veza-ports", "veza-hyperswitch", "veza-stripe", "veza-sandbox"];
            Allowed { ours: all, ours_in_tests: &[], others: None }
        }
        // A throw-away Postgres: it knows nothing of Veza, so that adapters may use it too.
        "tests/cluster" => Allowed { ours: &[], ours_in_tests: &[], others: Some(&["tempfile"]) },
        "tests" | "tests/sim" | "tests/crash" | "bench" => {
            let all: &[&str] = &[
                "veza",
                "veza-domain",
                "veza-ports",
                "veza-memory",
                "veza-sqlite",
                "veza-postgres",
                "veza-sandbox",
                "veza-hyperswitch",
                "veza-stripe",
                "veza-mail",
                "veza-cluster",
            ];
            Allowed { ours: all, ours_in_tests: &[], others: None }
        }
        // It knows the shops from outside only.
        "bench/compare" => Allowed { ours: &["veza-bench"], ours_in_tests: &[], others: None },
        adapter if adapter.starts_with("adapters/") => {
            Allowed { ours: &["veza-domain", "veza-ports"], ours_in_tests: &["veza-sandbox", "veza-memory", "veza-cluster"], others: None }
        }
        _ => return None,
    })
}

/// Every dependency that goes the wrong way.
pub fn wrong_dependencies(members: &[Member]) -> Vec<String> {
    let ours = |name: &str| members.iter().any(|member| member.name == name);
    let mut wrong = Vec::new();
    for member in members {
        let Some(allowed) = allowed(&member.folder) else {
            wrong.push(format!("{}: a new room: say in tests/tests/tidy/direction.rs what it may depend on", member.folder));
            continue;
        };
        for dependency in &member.dependencies {
            let name = dependency.name.as_str();
            let fine = match ours(name) {
                true => allowed.ours.contains(&name) || dependency.dev && allowed.ours_in_tests.contains(&name),
                false => allowed.others.is_none_or(|others| others.contains(&name)),
            };
            if !fine {
                let when = if dependency.dev { " in its tests" } else { "" };
                wrong.push(format!("{} must not depend on {name}{when}", member.folder));
            }
        }
    }
    wrong
}

#[test]
fn a_dependency_that_goes_the_wrong_way_is_found() {
    let member = |folder: &str, name: &str, dependencies: &[(&str, bool)]| Member {
        folder: folder.to_owned(),
        name: name.to_owned(),
        dependencies: dependencies.iter().map(|(name, dev)| Dependency { name: (*name).to_owned(), dev: *dev }).collect(),
    };
    let rooms = |domain: &[(&str, bool)], sqlite: &[(&str, bool)]| {
        vec![
            member("domain", "veza-domain", domain),
            member("ports", "veza-ports", &[("veza-domain", false)]),
            member("adapters/sqlite", "veza-sqlite", sqlite),
            member("adapters/memory", "veza-memory", &[("veza-ports", false)]),
            member("app", "veza", &[("veza-sqlite", false), ("poem", false)]),
        ]
    };
    let fine = rooms(&[("thiserror", false)], &[("veza-ports", false), ("veza-memory", true), ("rusqlite", false)]);
    assert_eq!(wrong_dependencies(&fine), [] as [&str; 0]);
    for (domain, sqlite, found) in [
        (&[("serde", false)][..], &[][..], "domain must not depend on serde"),
        (&[("veza-ports", false)], &[], "domain must not depend on veza-ports"),
        (&[], &[("veza-memory", false)], "adapters/sqlite must not depend on veza-memory"),
        (&[], &[("veza", true)], "adapters/sqlite must not depend on veza in its tests"),
    ] {
        assert_eq!(wrong_dependencies(&rooms(domain, sqlite)), [found]);
    }
    assert_eq!(wrong_dependencies(&[member("attic", "attic", &[])]).len(), 1);
}
