"""Speeds up moto and botocore by caching results that they compute again for every call or client.

Behavior that tests can observe does not change.
"""

import inspect
import pickle
from functools import lru_cache

from botocore.client import ClientCreator
from botocore.compat import accepts_kwargs
from botocore.endpoint_provider import RuleSet
from botocore.hooks import EventAliaser
from botocore.useragent import sanitize_user_agent_string_component
from moto import backend_index
from moto.core.base_backend import BaseBackend
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.models.dynamo_type import Item, find_nested_key, merge_dicts, serializer
from moto.dynamodb.parsing import validators
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node
from moto.dynamodb.parsing.expressions import UpdateExpressionParser

# The services that tests call, in the order in which moto looks for them.
CALLED = ("cloudtrail", "dynamodb", "ec2", "s3", "sqs", "sts")
# Attribute values with one text or boolean, which are the same in JSON.
SIMPLE = ({"S"}, {"N"}, {"BOOL"}, {"NULL"})
KNOWN = {}
USUAL_MODEL, USUAL_METHODS = ClientCreator._load_service_model, ClientCreator._create_methods
USUAL_NAME = EventAliaser._alias_event_name
USUAL_URLS = BaseBackend.urls.fget
USUAL_STRUCTURE = BaseJSONSerializer._serialize_type_structure
USUAL_MAKE = UpdateExpressionParser.make
USUAL_WORD = ConditionExpressionParser._lex_one_node


def quicken(patch):
    """Removes work that takes half of their time, until `patch` is undone."""
    quicken_clients(patch)
    # moto searches for a request's service among hundreds.
    known = [pattern for pattern in backend_index.backend_url_patterns if pattern[0] in CALLED]
    others = [pattern for pattern in backend_index.backend_url_patterns if pattern[0] not in CALLED]
    patch.setattr(backend_index, "backend_url_patterns", known + others)
    patch.setattr(BaseBackend, "urls", property(_urls))
    patch.setattr("moto.core.responses.method_names_from_class", lru_cache(_method_names))
    # moto looks for ten attributes with forty names in every value.
    patch.setattr(BaseJSONSerializer, "_serialize_type_structure", _structure)
    # moto parses an update two or three times, and copies the result.
    patch.setattr(UpdateExpressionParser, "make", staticmethod(_parsed))
    patch.setattr(validators.Validator, "__init__", _validator)
    # moto repeats checks of a whole update for each of its parts.
    counts, overlaps = validators.ActionCountValidator, validators.OverlappingPathsValidator
    patch.setattr(counts, "traverse", counts.verify_action_counts)
    patch.setattr(overlaps, "traverse", overlaps.check_for_overlapping_paths)
    patch.setattr(DepthFirstTraverser, "traverse_node_recursively", _traversed)
    # moto reads an item once for each projected attribute.
    patch.setattr(Item, "project", _projected)
    # moto compiles six patterns for every word of a condition.
    patch.setattr(ConditionExpressionParser, "_lex_one_node", _word)


def quicken_clients(patch):
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


def _method_names(kind):
    return frozenset(name for name, _ in inspect.getmembers(kind, predicate=inspect.isfunction))


def _structure(self, serialized, value, shape, key):
    if shape.name == "AttributeValue" and key and type(value) is dict and value.keys() in SIMPLE:
        self._default_serialize(serialized, value, shape, key)
    else:
        USUAL_STRUCTURE(self, serialized, value, shape, key)


@lru_cache(1000)
def _pickled(expression):
    return pickle.dumps(USUAL_MAKE(expression))


def _parsed(expression):
    return pickle.loads(_pickled(expression))  # noqa: S301 (our own)


def _validator(  # noqa: PLR0913, PLR0917 (moto's signature)
    self, expression, expression_attribute_names, expression_attribute_values, item, table
):
    self.expression_attribute_names = expression_attribute_names
    self.expression_attribute_values = expression_attribute_values
    self.item, self.table = item, table
    self.processors = self.get_ast_processors()
    self.node_to_validate = pickle.loads(pickle.dumps(expression))  # noqa: S301 (our own)


@lru_cache
def _is_node(kind):
    return issubclass(kind, Node)


def _traversed(self, node, child_id=-1, wanted=None):
    if not _is_node(type(node)):
        return node
    wanted = wanted or self.nodes_to_be_processed()
    parent = node.parent
    for position, child in enumerate(node.children or ()):
        self.pre_processing_of_child(node, position)
        _traversed(self, child, position, wanted)
    if _is_one_of(type(node), wanted):
        node = self.process(node)
        node.parent = parent
        if parent:
            parent.children[child_id] = node
    return node


@lru_cache
def _is_one_of(kind, wanted):
    return issubclass(kind, wanted)


@lru_cache(10_000)
def _words(rest):
    return USUAL_WORD(ConditionExpressionParser, rest)


def _word(_self, rest):
    node, rest = _words(rest)
    return node._replace(children=[]), rest


def _projected(self, projection_expressions):
    plain, found = self.to_regular_json(), {}
    for expression in projection_expressions:
        merge_dicts(found, find_nested_key(expression, plain))
    return Item(hash_key=self.hash_key, range_key=self.range_key, attrs=serializer.serialize(found)["M"])
