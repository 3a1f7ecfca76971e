-- The store, version 4: what a run asks of the history is found however long that is.

-- The runs that are forgotten.
CREATE INDEX runs_by_start ON runs (started_at);
-- The few runs that read all of the scope.
CREATE INDEX runs_of_scope ON runs (id) WHERE scope_users IS NOT NULL;
