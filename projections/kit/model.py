"""What a context's views are written with, beside `projections.kit.declare.folds`; import it from here."""

from projections.kit.declare.invalidation import Invalidation as Invalidation
from projections.kit.declare.invalidation import invalidates as invalidates
from projections.kit.declare.jobs import HAS_STATUS as HAS_STATUS
from projections.kit.declare.jobs import JobRow as JobRow
from projections.kit.declare.jobs import directed as directed
from projections.kit.declare.partitions import ByHash as ByHash
from projections.kit.declare.partitions import ByTime as ByTime
from projections.kit.declare.partitions import Span as Span
from projections.kit.declare.postgres import Check as Check
from projections.kit.declare.postgres import Index as Index
from projections.kit.declare.postgres import PostgresView as PostgresView
from projections.kit.declare.redis import RedisView as RedisView
from projections.kit.declare.retention import Retain as Retain
from projections.kit.declare.row import CreatedAt as CreatedAt
from projections.kit.declare.row import Id as Id
from projections.kit.declare.row import Row as Row
from projections.kit.declare.row import UpdatedAt as UpdatedAt
from projections.kit.declare.row import Version as Version
from projections.kit.declare.row import replace as replace
from projections.kit.declare.search import FullText as FullText
from projections.kit.declare.search import Keyed as Keyed
from projections.kit.declare.search import SearchView as SearchView
