"""What operators can search demands by in the Temporal UI: one typed list, registered by code. Never for reads."""

from temporalio.common import SearchAttributeKey

DEMAND_STATUS = SearchAttributeKey.for_keyword("DemandStatus")
SAMU = SearchAttributeKey.for_keyword("Samu")
COMPANY = SearchAttributeKey.for_keyword_list("Company")
VEHICLE = SearchAttributeKey.for_keyword("Vehicle")
STEP = SearchAttributeKey.for_keyword("Step")
NEEDS_ATTENTION = SearchAttributeKey.for_bool("NeedsAttention")

ALL = (DEMAND_STATUS, SAMU, COMPANY, VEHICLE, STEP, NEEDS_ATTENTION)
