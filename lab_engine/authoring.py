"""Everything that a lab imports: the words of `labs/`, and nothing of how they work.

    from lab_engine.authoring import Container, DockerContainerProbe, Lab, See, require

A family's resources and probes come with a line of its own; what they are is in its
`authoring.py`, and each has its fields and an example where it is defined. The second line of a
probe's example is something that a check may require of its reading:

    reading = await see(DockerContainerProbe("web"))
    require(
        reading.running,
        "stopped",
        expected="The container web runs.",
        observed=f"It is {reading.state}.",
        look="docker ps -a",
    )
"""

from lab_engine.common import place as place
from lab_engine.common.evidence import Look as Look
from lab_engine.common.evidence import See as See
from lab_engine.common.evidence import require as require
from lab_engine.common.evidence import require_all as require_all
from lab_engine.common.growing import require_grown as require_grown
from lab_engine.common.happening import Fact as Fact
from lab_engine.common.happening import Happening as Happening
from lab_engine.common.happening import HappeningsReading as HappeningsReading
from lab_engine.common.happening import require_order as require_order
from lab_engine.common.place import BENCH as BENCH
from lab_engine.common.place import container as container
from lab_engine.common.place import guest as guest
from lab_engine.common.place import host as host
from lab_engine.common.place import pod as pod
from lab_engine.common.resource import Resource as Resource
from lab_engine.course import by_hand as by_hand
from lab_engine.course.lab import ByHand as ByHand
from lab_engine.course.lab import Lab as Lab
from lab_engine.course.lab import LabStep as LabStep
from lab_engine.course.lab import Variables as Variables
from lab_engine.course.seed import Seed as Seed
from lab_engine.families.boot.authoring import *
from lab_engine.families.cgroups.authoring import *
from lab_engine.families.cri.authoring import *
from lab_engine.families.docker.authoring import *
from lab_engine.families.files.authoring import *
from lab_engine.families.git.authoring import *
from lab_engine.families.haproxy.authoring import *
from lab_engine.families.incus.authoring import *
from lab_engine.families.kubernetes.authoring import *
from lab_engine.families.libvirt.authoring import *
from lab_engine.families.netlink.authoring import *
from lab_engine.families.nodes.authoring import *
from lab_engine.families.oci.authoring import *
from lab_engine.families.openvswitch.authoring import *
from lab_engine.families.ostree.authoring import *
from lab_engine.families.overlay.authoring import *
from lab_engine.families.process.authoring import *
from lab_engine.families.processor.authoring import *
from lab_engine.families.runtimes.authoring import *
from lab_engine.families.slurm.authoring import *
from lab_engine.families.vagrant.authoring import *
