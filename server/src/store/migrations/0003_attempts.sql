-- How often a build was begun: one that is interrupted again and again ends with a reason.
ALTER TABLE jobs ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;

-- A deleted account keeps its row, because builds and workspaces of the past name it. It can never sign in.
ALTER TABLE users ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
