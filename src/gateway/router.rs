//! The route table: which handler a request meets, and which methods a path knows.

use std::sync::Arc;

use super::http::{Face, Method, Request, Route};
use crate::percent::decoded;

/// Says whether scripts of an origin may call a route that takes part in CORS.
pub type AllowedOrigin = Arc<dyn Fn(&Request, &str) -> bool + Send + Sync>;

/// All routes of the box. Built once at start; a fault in the table is a fault of the program.
pub struct Router {
    lines: Vec<Line>,
    pub(super) allowed_origin: AllowedOrigin,
}

struct Line {
    parts: Vec<Part>,
    route: Route,
}

#[derive(PartialEq, Eq)]
enum Part {
    Fixed(&'static str),
    Param(&'static str),
    Rest(&'static str),
}

/// What the table says to a path.
pub(super) enum Found<'a> {
    Route(&'a Route, Vec<(&'static str, String)>),
    /// The path is known, the method is not; these are.
    OtherMethods(Vec<&'static str>),
    Nothing,
}

impl Router {
    /// A table of `routes`. `allowed_origin` is asked for the routes that take part in CORS. When two
    /// routes fit a path, the earlier one serves.
    ///
    /// # Panics
    /// When two routes have the same face, method and path: one of them could never be reached.
    pub fn new(
        routes: Vec<Route>,
        allowed_origin: impl Fn(&Request, &str) -> bool + Send + Sync + 'static,
    ) -> Router {
        let mut lines: Vec<Line> = Vec::with_capacity(routes.len());
        for route in routes {
            let twin = lines.iter().find(|line| {
                let one_face = line.route.face.serves(route.face) || route.face.serves(line.route.face);
                line.route.method == route.method && line.route.path == route.path && one_face
            });
            assert!(twin.is_none(), "{} {} stands twice in the table", route.method.name(), route.path);
            lines.push(Line { parts: parse(route.path), route });
        }
        Router { lines, allowed_origin: Arc::new(allowed_origin) }
    }

    pub(super) fn find(&self, face: Face, method: Method, path: &str) -> Found<'_> {
        let wanted = if method == Method::Head { Method::Get } else { method };
        let mut others = Vec::new();
        for line in self.lines.iter().filter(|line| face.serves(line.route.face)) {
            let Some(params) = matched(&line.parts, path) else { continue };
            if line.route.method == wanted {
                return Found::Route(&line.route, params);
            }
            note(&mut others, &line.route);
        }
        if others.is_empty() { Found::Nothing } else { Found::OtherMethods(others) }
    }

    /// The route that takes part in CORS at this path, for a preflight.
    pub(super) fn cors_route(&self, face: Face, path: &str) -> Option<(&Route, Vec<(&'static str, String)>)> {
        let fitting = self.lines.iter().filter(|line| face.serves(line.route.face) && line.route.cors);
        fitting.filter_map(|line| Some((&line.route, matched(&line.parts, path)?))).next()
    }
}

fn note(methods: &mut Vec<&'static str>, route: &Route) {
    let mut add = |name| {
        if !methods.contains(&name) {
            methods.push(name);
        }
    };
    add(route.method.name());
    if route.method == Method::Get {
        add("HEAD");
    }
    if route.cors {
        add("OPTIONS");
    }
}

fn parse(path: &'static str) -> Vec<Part> {
    assert!(path.starts_with('/'), "the route {path} does not begin with a slash");
    path[1..]
        .split('/')
        .map(|part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) => name.strip_prefix('*').map_or(Part::Param(name), Part::Rest),
            None => Part::Fixed(part),
        })
        .collect()
}

/// The parameters when `path` fits. A parameter is never empty and never holds a slash, encoded or not.
fn matched(parts: &[Part], path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut rest = Some(path.strip_prefix('/')?);
    let mut params = Vec::new();
    for part in parts {
        let text = rest?;
        let (first, after) = match text.split_once('/') {
            Some((first, after)) => (first, Some(after)),
            None => (text, None),
        };
        match part {
            Part::Fixed(fixed) if *fixed == first => rest = after,
            Part::Fixed(_) => return None,
            Part::Param(name) => {
                let value = decoded(first, false)?;
                if value.is_empty() || value.contains('/') {
                    return None;
                }
                params.push((*name, value));
                rest = after;
            }
            Part::Rest(name) => {
                params.push((*name, decoded(text, false)?));
                rest = None;
            }
        }
    }
    rest.is_none().then_some(params)
}

#[cfg(test)]
mod tests {
    use super::super::http::{Access, Response, handler};
    use super::*;

    fn route(method: Method, path: &'static str, face: Face) -> Route {
        Route::new(method, path, face, Access::Anyone, handler(|_| async { Response::empty(204) }))
    }

    fn router() -> Router {
        let routes = vec![
            route(Method::Get, "/", Face::Both),
            route(Method::Get, "/widget/{id}", Face::Public).cors(),
            route(Method::Post, "/widget/{id}", Face::Public),
            route(Method::Get, "/agent/", Face::Staff),
            route(Method::Get, "/admin/{*rest}", Face::Staff),
        ];
        Router::new(routes, |_, _| false)
    }

    fn params(face: Face, method: Method, path: &str) -> Option<Vec<(&'static str, String)>> {
        match router().find(face, method, path) {
            Found::Route(_, params) => Some(params),
            Found::OtherMethods(_) | Found::Nothing => None,
        }
    }

    #[test]
    fn parameters_are_decoded_and_never_empty_or_of_two_parts() {
        let found = |path| params(Face::Public, Method::Get, path);
        assert_eq!(found("/widget/shop%20one"), Some(vec![("id", "shop one".to_owned())]));
        assert_eq!(found("/"), Some(vec![]));
        for path in
            ["/widget/", "/widget", "/widget/a/b", "/widget/a%2fb", "/widget/%zz", "/widget/%00", "widget/a"]
        {
            assert_eq!(found(path), None, "{path}");
        }
    }

    #[test]
    fn rest_takes_slashes() {
        let rest = |path| params(Face::Staff, Method::Get, path);
        assert_eq!(rest("/admin/queues/front"), Some(vec![("rest", "queues/front".to_owned())]));
        assert_eq!(rest("/admin/"), Some(vec![("rest", String::new())]));
        assert_eq!(rest("/admin"), None);
    }

    #[test]
    fn head_is_served_by_get_and_another_method_is_told_which_exist() {
        assert!(params(Face::Public, Method::Head, "/widget/a").is_some());
        match router().find(Face::Public, Method::Delete, "/widget/a") {
            Found::OtherMethods(methods) => assert_eq!(methods, ["GET", "HEAD", "OPTIONS", "POST"]),
            Found::Route(..) | Found::Nothing => panic!("the path is known, the method is not"),
        }
    }

    #[test]
    fn staff_routes_do_not_exist_on_the_public_face() {
        assert_eq!(params(Face::Public, Method::Get, "/agent/"), None);
        assert!(params(Face::Staff, Method::Get, "/agent/").is_some());
        assert!(params(Face::Both, Method::Get, "/agent/").is_some());
    }

    #[test]
    #[should_panic(expected = "stands twice")]
    fn same_route_twice_is_a_fault_of_the_program() {
        let routes = vec![route(Method::Get, "/x", Face::Both), route(Method::Get, "/x", Face::Staff)];
        Router::new(routes, |_, _| false);
    }
}
