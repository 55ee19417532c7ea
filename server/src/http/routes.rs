//! The table of routes that the router is built from: what is served and what is listed are the same rows, so that a test
//! can walk every route. Not here: the routes themselves, which stand beside their handlers.

use axum::Router;
use axum::handler::Handler;
use axum::routing::MethodRouter;
use http::Method;

use crate::state::AppState;

/// Routes with the methods that each takes.
pub struct Routes {
    router: Router<AppState>,
    rows: Vec<(Method, String)>,
}

/// What answers on one path.
pub struct On {
    router: MethodRouter<AppState>,
    methods: Vec<Method>,
}

impl Routes {
    pub(crate) fn new() -> Self {
        Self { router: Router::new(), rows: Vec::new() }
    }

    pub(crate) fn route(mut self, path: &str, on: On) -> Self {
        self.rows.extend(on.methods.into_iter().map(|method| (method, path.to_owned())));
        Self { router: self.router.route(path, on.router), rows: self.rows }
    }

    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.rows.extend(other.rows);
        Self { router: self.router.merge(other.router), rows: self.rows }
    }

    pub(crate) fn into_router(self) -> Router<AppState> {
        self.router
    }

    /// Every method and path, in no order that matters.
    #[must_use]
    pub fn rows(&self) -> &[(Method, String)] {
        &self.rows
    }
}

macro_rules! methods {
    ($($name:ident $method:ident),*) => {
        $(
            #[allow(dead_code)] // Not every method stands first on a path.
            pub(crate) fn $name<H, T>(handler: H) -> On
            where
                H: Handler<T, AppState>,
                T: 'static,
            {
                On { router: axum::routing::$name(handler), methods: vec![Method::$method] }
            }
        )*

        impl On {
            $(
                #[allow(dead_code)] // Not every method stands second on a path.
                pub(crate) fn $name<H, T>(mut self, handler: H) -> Self
                where
                    H: Handler<T, AppState>,
                    T: 'static,
                {
                    self.methods.push(Method::$method);
                    Self { router: self.router.$name(handler), methods: self.methods }
                }
            )*
        }
    };
}

methods!(get GET, post POST, put PUT, patch PATCH, delete DELETE);
