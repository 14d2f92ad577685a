"""The settings of a fit: how much each part of its energy counts."""

from __future__ import annotations

from dataclasses import dataclass

from mien.least_squares.robust import Kernel


@dataclass(frozen=True)
class FitConfig:
    """Strengths of the priors, written as the standard deviations that they assume.

    The energy is a negative log-likelihood: ½ Σ (residual / standard deviation)², so a smaller deviation
    is a stronger prior.
    """

    sigma_floor: float = 0.024
    """Smallest believed landmark deviation, as a fraction of the face's RMS radius in the picture: what the
    head model cannot express however certain the landmarks are. Neighbours of a dense set err together there,
    which the energy does not know, so this is about twice the error of a single point."""
    opening_sigma: float = 0.4
    """Deviation of the vector across lids and lips, over the deviation of the points at its ends; 0 turns
    the term off."""
    robust_kernel: Kernel = "huber"
    """How landmarks that disagree with all others are discounted."""
    robust_scale: float = 2.5
    """Residual, in deviations, from which the robust kernel acts."""
    identity_std: float = 1.5
    """Deviation of identity weights, in units of the head's own prior (1: as people vary). Looser than people
    are: networks give the mean of what they think possible, which is shrunk once already, and what the head
    cannot express is put on weights too. Landmarks with independent noise would ask for 1."""
    expression_std: float = 0.4
    """Deviation of expression weights about 0."""
    tongue_out_std: float = 0.01
    """Deviation of tongueOut, which no landmark shows: its shape opens the mouth too, and would take the
    place of jawOpen."""
    expression_bounds_std: float = 0.06
    """How far expression weights may leave [0, 1], and mouthClose exceed jawOpen; hard corners (0.03 and
    less) slow the solver."""
    neck_std_rad: float = 0.15
    """Deviation of the neck joint about rest, radians."""
    head_joint_std_rad: float = 0.15
    """Deviation of the head joint about rest, radians."""
    eye_std_rad: float = 0.35
    """Deviation of each eye's rotation about straight ahead, radians."""
    eye_beside_shapes_std_rad: float = 0.08
    """The same on heads whose eyeLook shapes turn the eyes: what the joints turn beside them, where gaze and
    lids do not agree."""
    eye_roll_std_rad: float = 0.02
    """Deviation of an eye's turn about its own axis, radians; landmarks can barely see it."""
    eyes_alike_std_rad: float = 0.06
    """Deviation of the difference between the two eyes' rotations, radians."""
    lids_follow_std: float = 0.2
    """Deviation of the eyeLook lid shapes from what the gaze asks for."""
    full_look_rad: float = 0.5
    """Gaze angle at which an eyeLook lid shape is fully on, radians."""
    log_focal_std: float = 1.0
    """Deviation of the logarithm of the focal length about a guess from the picture's size: a loose one,
    since pictures are cut and padded."""
    shortest_focal: float = 0.3
    """Focal length over the picture's diagonal below which there is a wall: wider lenses (118°) are rare."""
    shortest_focal_std: float = 0.15
    """Deviation of the logarithm of a focal length behind that wall."""
    log_focal_std_known: float = 0.03
    """The same about a focal length that the photo's EXIF data gives."""
    distance_m: float = 0.9
    """Distance of a head from a camera of which nothing is known, metres."""
    log_distance_std: float = 0.35
    """Deviation of the logarithm of that distance."""
    frame_expression_std: float = 0.25
    """Video: deviation of an expression weight from the frame before. Loose, so that blinks are not held
    back; it keeps combinations that landmarks cannot tell apart from flickering."""
    frame_joint_std_rad: float = 0.1
    """Video: deviation of a joint's rotation from the frame before, radians."""
    still_points_std: float = 0.0
    """Video: deviation of projected model points from the frame before, in deviations of the landmark (the
    temporal energy of Wood et al. 2022, §3.2); 0 turns it off: the tracker already smooths landmarks."""
    still_vertices_std_m: float = 0.0
    """Video: deviation of the landmarks' vertices in the world from the frame before, metres; 0 turns the
    term off."""
    skin_eyeball_std_m: float = 0.0
    """Deviation of skin that enters an eyeball, metres; 0 turns the term off. With 0.0001 fits of 300 random
    heads left no skin deeper than 0.25 mm (3 of 4 were deeper than 0.5 mm without), in twice the time."""
    skin_teeth_std_m: float = 0.0
    """Deviation of skin that enters the convex hull of a row of teeth, metres; 0 turns the term off."""
    lid_gap_std_m: float = 0.0
    """Deviation of an upper lid's margin below the lower's, metres; 0 turns the term off."""
