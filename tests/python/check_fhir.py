"""Read FHIR resources from standard input, one to a line, and fail at the first that is no AuditEvent of FHIR R4B. Prints how many there were."""
import sys
from fhir.resources.R4B.auditevent import AuditEvent

count = 0
for line in sys.stdin:
    AuditEvent.model_validate_json(line)
    count += 1
print(count)
