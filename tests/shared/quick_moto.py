"""Speeds up moto and botocore by caching results that they compute again for every call or client.

Behavior that tests can observe does not change.
"""

import pickle
from functools import lru_cache

from botocore.client import ClientCreator
from botocore.compat import accepts_kwargs
from botocore.endpoint_provider import RuleSet
from botocore.hooks import EventAliaser
from botocore.useragent import sanitize_user_agent_string_component
from moto import backend_index
from moto.core.base_backend import BaseBackend
from moto.core.utils import method_names_from_class
from moto.dynamodb.parsing import validators
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser
from moto.dynamodb.parsing.expressions import UpdateExpressionParser

# The services that tests call, in the order in which moto looks for them.
CALLED = ("cloudtrail", "dynamodb", "ec2", "s3", "sqs", "sts")
KNOWN = {}
USUAL_MODEL, USUAL_METHODS = ClientCreator._load_service_model, ClientCreator._create_methods
USUAL_NAME = EventAliaser._alias_event_name
USUAL_URLS = BaseBackend.urls.fget
USUAL_MAKE = UpdateExpressionParser.make


def quicken(patch):
    """Removes work that takes half of their time, until `patch` is undone."""
    _quicken_clients(patch)
    # moto searches for a request's service among hundreds.
    known = [pattern for pattern in backend_index.backend_url_patterns if pattern[0] in CALLED]
    others = [pattern for pattern in backend_index.backend_url_patterns if pattern[0] not in CALLED]
    patch.setattr(backend_index, "backend_url_patterns", known + others)
    patch.setattr(BaseBackend, "urls", property(_urls))
    patch.setattr("moto.core.responses.method_names_from_class", lru_cache(method_names_from_class))
    # moto parses the same updates again and again, and copies the result.
    patch.setattr(UpdateExpressionParser, "make", staticmethod(_parsed))
    # moto repeats checks of a whole update for each of its parts.
    counts, overlaps = validators.ActionCountValidator, validators.OverlappingPathsValidator
    patch.setattr(counts, "traverse", counts.verify_action_counts)
    patch.setattr(overlaps, "traverse", overlaps.check_for_overlapping_paths)
    nodes = lru_cache(1)(DepthFirstTraverser.nodes_to_be_processed)
    patch.setattr(DepthFirstTraverser, "nodes_to_be_processed", nodes)


def _quicken_clients(patch):
    """Caches the parts of clients, because every test creates clients of the same few services."""
    patch.setattr(ClientCreator, "_load_service_model", _model)
    patch.setattr(ClientCreator, "_create_methods", _methods)
    patch.setattr("botocore.endpoint_provider.RuleSet", _rules)
    patch.setattr("botocore.hooks.accepts_kwargs", lambda handler: _takes_any(getattr(handler, "__func__", handler)))
    patch.setattr(EventAliaser, "_alias_event_name", _name)
    patch.setattr("botocore.useragent.sanitize_user_agent_string_component", _word_of_agent)


def _once(key, make):
    if key not in KNOWN:
        KNOWN[key] = make()
    return KNOWN[key]


def _model(self, service_name, api_version=None):
    return _once((self._loader, service_name, api_version), lambda: USUAL_MODEL(self, service_name, api_version))


def _methods(self, service_model):
    return dict(_once(service_model, lambda: USUAL_METHODS(self, service_model)))


def _rules(*, rules, **others):
    # The cache keeps the rules as well, so that their id stays unique.
    return _once(id(rules), lambda: (RuleSet(rules=rules, **others), rules))[0]


def _name(self, event_name):
    return _once(event_name, lambda: USUAL_NAME(self, event_name))


def _urls(backend):
    return _once(type(backend), lambda: USUAL_URLS(backend))


_takes_any = lru_cache(1000)(accepts_kwargs)
_word_of_agent = lru_cache(1000)(sanitize_user_agent_string_component)


@lru_cache(1000)
def _pickled(expression):
    return pickle.dumps(USUAL_MAKE(expression))


def _parsed(expression):
    return pickle.loads(_pickled(expression))  # noqa: S301 (our own)
