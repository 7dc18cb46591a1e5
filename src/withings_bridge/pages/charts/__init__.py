"""Charts as drawings: what is to be seen of a person, as shapes with places, told in words and as a table.

Nothing here knows SVG, which is the template's (``charts.html``), nor colours, which are the style sheet's
(``charts.css``). Series are told apart by their dash, the shape of their points and a label beside them.
"""

from withings_bridge.pages.charts.drawing import Chart
from withings_bridge.pages.charts.kinds import charts_of

__all__ = ["Chart", "charts_of"]
