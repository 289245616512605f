"""What a context's domain is written with, beside the marks of `domain.kit.fields`; import it from here."""

from domain.kit.aggregate import Aggregate as Aggregate
from domain.kit.appliers import applies as applies
from domain.kit.appliers import assigns as assigns
from domain.kit.caller import SYSTEM as SYSTEM
from domain.kit.caller import Caller as Caller
from domain.kit.claims import Unique as Unique
from domain.kit.clock import in_utc as in_utc
from domain.kit.commands import Command as Command
from domain.kit.events import Event as Event
from domain.kit.refusals import Forbidden as Forbidden
from domain.kit.refusals import Invalid as Invalid
from domain.kit.refusals import NotFound as NotFound
from domain.kit.refusals import Refusal as Refusal
from domain.kit.text import ADDRESS as ADDRESS
from domain.kit.text import ONE_LINE as ONE_LINE
from domain.kit.text import distinct as distinct
