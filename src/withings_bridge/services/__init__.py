"""What the bridge does, one use case a module, in rooms of which each may lean on those below it.

``oversight``: how the bridge and its accounts are

- ``overseeing``: the whole bridge at a glance, and one account in full
- ``watching``: what happens, as it happens
- ``diagnosing``: whether the bridge is well, and if not, why
- ``explaining``: why a reading is not in the app
- ``reporting``: the state of a user's link, for API, CLI and pages
- ``checking``: whether the bridge is set up so that it can work
- ``examining``: what is wrong with what is stored, and mending it
- ``surveying``: what an operator's Prometheus is told of the whole bridge

``inbox``: from a notification to work that is done

- ``receiving``: a notification in, durable, acknowledged
- ``working``: who is next: claims due accounts, and the loop around it
- ``turning``: one turn: do what is pending of an account, then settle or retry or bury
- ``doing``: what each task of a turn is
- ``requesting``: what somebody waits for: a sync, or subscriptions
- ``registering``: subscriptions on demand, and what is told of them
- ``tending``: what is stuck in the inbox, for a person to look at, replay and drop

``history``: what is stored of a person, as readers want it

- ``browsing``: by range, by change, at its newest
- ``walking``: through all of a kind, a page in memory at a time
- ``newest``: the newest value of each metric, remembered and kept current
- ``paging``: a page of that, decoded and filtered
- ``measuring``: measurements by what is wanted of them
- ``mirroring``: what changed since somebody looked
- ``charting``: what charts of a person show
- ``sharing``: the same as resources of FHIR, for other health software
- ``exporting``: the same as a stream of any size, in the forms of other software
- ``signals``: the curve of an ECG or the sound of a stethoscope, when somebody wants it

``sync``: what Withings answered into records and rows

- ``syncing``: one account and category: fetch, compare, store, say where the cursor goes
- ``following``: detail of days and nights, announced where its summary changed
- ``detailing``: the import of that detail
- ``listing``: devices, goals, heights and events, which come whole
- ``looking``: what a look at a category found
- ``fetching``: which Withings service answers for which category
- ``storing``: what Withings answered into records and rows
- ``projecting``: records to the rows of every user of the account
- ``rebuilding``: all rows of an account anew
- ``reprojecting``: rows brought to another mapping
- ``publishing``: tell the realtime gateway that something changed

``links``: the life of a link

- ``linking``: begin and complete a link
- ``leaving``: end a link, at Withings and here
- ``granting``: a Withings grant stored or revoked by one at a time
- ``tokens``: a live access token for an account, refreshed by one worker at a time
- ``locking``: the lock of a refresh
- ``subscriptions``: what Withings is to announce, compared with what it announces
- ``rotating``: every stored token under the first encryption key
- ``adopting``: a user of the predecessor becomes a member of an account
- ``scanning``: finds the predecessor's users when a bridge starts
- ``marking``: what was announced of accounts that a scan has not found yet

And what all of them lean on:

- ``holding``: the lease on an account: kept, proven, taken over
- ``pacing``: when a call to Withings may leave
- ``noting``: what happens to accounts, for people who look
- ``telemetry``: what the bridge counts of itself
- ``clock``: the time

Each service is a small class whose constructor lists everything it can touch. ``clock`` is always a
function that gives the time, aware and in UTC.
"""

from dataclasses import dataclass

from withings_bridge.services.history.browsing import Browsing
from withings_bridge.services.history.charting import Charting
from withings_bridge.services.history.exporting import Exporting
from withings_bridge.services.history.sharing import Sharing
from withings_bridge.services.history.signals import Signals
from withings_bridge.services.inbox.receiving import Receiving
from withings_bridge.services.inbox.registering import Registering
from withings_bridge.services.inbox.requesting import Requesting
from withings_bridge.services.inbox.tending import Tending
from withings_bridge.services.inbox.working import Working
from withings_bridge.services.links.leaving import Leaving
from withings_bridge.services.links.linking import Linking
from withings_bridge.services.links.rotating import Rotating
from withings_bridge.services.links.scanning import Scanning
from withings_bridge.services.oversight.checking import Checking
from withings_bridge.services.oversight.diagnosing import Diagnosing
from withings_bridge.services.oversight.examining import Examining
from withings_bridge.services.oversight.explaining import Explaining
from withings_bridge.services.oversight.overseeing import Overseeing
from withings_bridge.services.oversight.reporting import Reporting
from withings_bridge.services.oversight.surveying import Surveying
from withings_bridge.services.oversight.watching import Watching
from withings_bridge.services.sync.reprojecting import Reprojecting
from withings_bridge.services.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Services:
    """What the edges of the house may call."""

    linking: Linking
    leaving: Leaving
    receiving: Receiving
    working: Working
    requesting: Requesting
    registering: Registering
    reporting: Reporting
    browsing: Browsing
    charting: Charting
    sharing: Sharing
    exporting: Exporting
    explaining: Explaining
    overseeing: Overseeing
    watching: Watching
    diagnosing: Diagnosing
    scanning: Scanning
    checking: Checking
    examining: Examining
    tending: Tending
    rotating: Rotating
    reprojecting: Reprojecting
    signals: Signals
    surveying: Surveying
    telemetry: Telemetry
