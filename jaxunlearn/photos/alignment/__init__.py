"""From a photo to the crop of a face: detector, landmarks, square."""
